"""The inverse questions: the most, the longest, the smallest that fits."""
