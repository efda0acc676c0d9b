"""The models' metadata, read as catalogues read it: STAC with its machine learning extension, and Hugging Face's cards.

    python tests/models/metadata.py

The core of STAC is checked with its JSON schemas, which pystac has with it; the fields of the machine learning extension
with the types of its authors' package.
"""

import json
import sys
from pathlib import Path

import pystac
from huggingface_hub import ModelCard
from pystac.validation.local_validator import get_local_schema_cache
from pystac.validation.stac_validator import JsonSchemaSTACValidator
from stac_model.schema import SCHEMA_URI, MLModelProperties

MODELS = Path(__file__).resolve().parents[2] / "models"


def check_item(path: Path) -> None:
    content = json.loads(path.read_text("utf-8"))
    item = pystac.Item.from_dict(content)
    validator = JsonSchemaSTACValidator()
    validator.schema_cache = get_local_schema_cache()
    validator.validate_core(content, pystac.STACObjectType.ITEM, content["stac_version"])
    assert SCHEMA_URI in item.stac_extensions, f"{path.name} does not name {SCHEMA_URI}"
    properties = MLModelProperties.model_validate(item.properties)
    known = {field.alias for field in MLModelProperties.model_fields.values()}
    unknown = [name for name in item.properties if name.startswith("mlm:") and name not in known]
    assert not unknown, f"{path.name} has fields that the extension does not know: {unknown}"
    for output in properties.output:
        if output.classes:
            assert [one.value for one in output.classes] == list(range(output.result.shape[-1]))
    models = [asset for asset in item.assets.values() if "mlm:model" in (asset.roles or [])]
    assert models and all("mlm:artifact_type" in asset.extra_fields for asset in models)
    for link in [*item.assets.values(), *(one for one in item.links if one.rel != "self")]:
        assert (MODELS / link.href).is_file(), f"{path.name} leads to {link.href}, which is not there"


def check_card(path: Path) -> None:
    card = ModelCard.load(path)
    assert card.data.library_name == "tilelens"
    figures = path.with_suffix(".json")
    if figures.is_file():
        accuracy = json.loads(figures.read_text("utf-8"))["accuracy"]
        [result] = card.data.eval_results
        assert abs(result.metric_value - accuracy) < 1e-4


def main() -> None:
    items = sorted(MODELS.glob("*.stac.json"))
    assert len(items) == 3
    for path in items:
        check_item(path)
        check_card(path.with_name(path.name.replace(".stac.json", ".md")))
        print(f"{path.stem} and its card are read")


if __name__ == "__main__":
    sys.exit(main())
