"""The APIs, each driven by its official SDK."""
