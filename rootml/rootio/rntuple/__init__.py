"""Adding fields to an RNTuple: metadata as bytes, pages, and the schema extended at the end."""
