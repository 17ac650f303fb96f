"""Every `model_type` that can be counted, each as a recipe made of blocks."""
