"""Events and hits as networks see them."""

from __future__ import annotations

from rootml_supernemo import hits, images

VIEWS = {view.name: view for view in (*images.VIEWS, *hits.VIEWS)}
