"""Events and hits as networks see them."""

from __future__ import annotations

from rootml_supernemo import association, cells, hits, images

VIEWS = {view.name: view for view in (*images.VIEWS, *cells.VIEWS, *hits.VIEWS, *association.VIEWS)}
