"""Each resource of the API, defined once: its answer, its validation and its OpenAPI schema follow from one class."""
