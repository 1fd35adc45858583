"""Finds sessions and requests by a query: the index says where something may be, the text itself says what is there."""
