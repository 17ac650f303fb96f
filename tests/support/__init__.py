"""What several tests share: builders of small facts, and where published measurements lie."""
