"""Training recipes of the toy experiment."""

RECIPES = {"toy": object()}
