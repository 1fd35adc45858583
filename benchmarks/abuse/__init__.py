"""Sends what hostile or broken clients may send to a separate instance. Each figure is shown with its limit."""
