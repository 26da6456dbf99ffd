"""Single events to look at: which ones, and what is told of them."""
