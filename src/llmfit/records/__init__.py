"""The facts' types (frozen, strict pydantic) and the results' types (frozen dataclasses)."""
