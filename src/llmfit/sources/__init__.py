"""Where models come from beside the catalog: the Hub, folders, configurations and file headers."""
