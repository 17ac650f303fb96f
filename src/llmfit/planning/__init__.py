"""What would fit: the inverse questions, asked of the catalog."""
