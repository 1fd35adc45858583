"""HTTP for programs: bodies go to `ingest`, answers come from `queries`. docs/api.md describes it."""
