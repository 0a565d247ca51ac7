"""An input that looks like channels × height × width but is read as height × width × channels, or the other way round.

## Why is this bad?

PyTorch and ONNX write channels first: 3x32x32 is a colour image there. Here it is read as an image of 3 × 32 pixels with 32
channels, unless the file says `layout: channels_first`. In such a file, and in Ultralytics' and Darknet's, 640x640x3 is read
as 640 channels.

## Example

```yaml
input: 3x32x32
layers:
  - {conv: 16, kernel_size: 3}
```

Use instead:

```yaml
input: 32x32x3
layers:
  - {conv: 16, kernel_size: 3}
```

## Fix

Write the channels last, or `layout: channels_first` at the top level of the file.
"""

from __future__ import annotations

from collections.abc import Iterator

from cnncalc.analysis.layout import other_layout
from cnncalc.rules.base import CheckedNetwork, Finding

LEVEL = "warning"


def find(subject: CheckedNetwork) -> Iterator[Finding]:
    for source in subject.graph.inputs:
        message = other_layout(subject.graph, source, subject.reading.layout)
        if message is not None:
            yield Finding(source.location, message)
