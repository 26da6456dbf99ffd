"""TTrees and RNTuples as one, alone or with friends: named branches of so many entries."""
