"""A ROOT file as bytes: records, keys, directories, free space. No uproot but to compress."""
