"""Images that their camera says are to be turned."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from ecosobriety.readers import obtain

TURNS = {3: 2, 6: 1, 8: -1}
"""What the tag says, and by how many quarters to the left the image was turned before."""


@pytest.mark.parametrize("orientation", TURNS)
@pytest.mark.parametrize("compression", ["raw", "tiff_deflate"])
def test_a_grey_tiff_is_read_as_it_is_to_be_seen(
    tmp_path: Path, orientation: int, compression: str
) -> None:
    draw = np.random.default_rng(0)
    shown = [draw.integers(0, 256, (10, 14)).astype(np.uint8) for _ in range(12)]
    for i, pixels in enumerate(shown):
        place = tmp_path / "pets" / ("cat" if i % 2 else "dog") / f"{i:02}.tif"
        place.parent.mkdir(parents=True, exist_ok=True)
        stored = Image.fromarray(np.rot90(pixels, TURNS[orientation]).copy())
        stored.save(place, compression=compression, tiffinfo={0x0112: orientation})
    given = {"name": "pets", "format": "image-folder", "path": str(tmp_path / "pets")}
    dataset = obtain({**given, "label": "", "features": None, "test_share": 0.25})
    read = {x.tobytes() for x in (*dataset.x_train[:], *dataset.x_test[:])}
    assert read == {pixels.tobytes() for pixels in shown}
