"""The contract that adapters and models keep, as test classes to subclass.

    from rootml.testing import AdapterContract

    class TestMine(AdapterContract):
        @pytest.fixture
        def adapter(self):
            return my_package.ADAPTER

``ModelContract`` takes a fixture ``model`` in the same way (``rootml.load("./my.card.yaml")``).
pytest itself is not imported: the command ``rootml models check`` runs the same checks.
"""

from rootml.testing.adapter_contract import AdapterContract
from rootml.testing.model_contract import ModelContract, check_model

__all__ = ["AdapterContract", "ModelContract", "check_model"]
