"""Events as tensors for networks."""

from __future__ import annotations

from rootml_ams.images import IMAGE, IMAGE2
from rootml_ams.shower import IMAGE_SHOWER, SHOWER
from rootml_ams.trajectory import TRAJECTORY

VIEWS = {view.name: view for view in (IMAGE, IMAGE2, TRAJECTORY, SHOWER, IMAGE_SHOWER)}
