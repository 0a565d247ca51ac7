"""The manuals of the errors, which are found while a file is read and not by a rule of their own: one class each.

Its docstring goes on from the sentence that cnncalc/problem.py has for it.
"""

from __future__ import annotations

import re

from cnncalc.problem import ERROR_RULES


class Manual:
    """What stands behind the name of an error."""


class File(Manual):
    """Nothing in it can be checked then, and the exit status is 2. Other files are checked all the same.

    Wrong:

        $ cnncalc check nowhere.yaml

    Right:

        $ cnncalc check specs/lenet5.yaml

    Fix: check the name and the permissions; save the file as UTF-8 text (a byte-order mark is allowed).
    """


class Yaml(Manual):
    """The language is YAML without tags and with one document a file. Nothing is ever made from a tag, and keys are words.

    Wrong:

        input: 32x32x3
        layers:
          - {conv: 16, kernel_size: 3

    Right:

        input: 32x32x3
        layers:
          - {conv: 16, kernel_size: 3}

    Fix: the message names the place where reading ended; a bracket, a quote or the indent before it is usually at fault. In a
    map in braces `${…}` wants quotes, `{conv: "${width}"}`.
    """


class Limit(Manual):
    """A file has at most 10 MiB and 100 levels, aliases unfold to at most 200,000 nodes, and a network has at most 200,000 rows
    after expansion, block and branches rows counted. A file over a limit is refused within a second.

    Wrong:

        input: 8x8x3
        layers:
          - {relu: , repeat: 300_000}

    Right:

        input: 8x8x3
        layers:
          - {relu: , repeat: 3}

    Fix: fewer copies; a `repeat` that is computed may have grown too large.
    """


class DuplicateKey(Manual):
    """YAML readers usually let the last one win without a word; here it is an error, as one of the two is not what was meant.

    Wrong:

        input: 32x32x3
        layers:
          - {conv: 16, kernel_size: 3, padding: 1, kernel_size: 5}

    Right:

        input: 32x32x3
        layers:
          - {conv: 16, kernel_size: 5, padding: 1}

    Fix: keep one. A key that overrides one merged with `<<` is no duplicate.
    """


class UnknownKey(Manual):
    """Nothing is ever silently ignored: a misspelt field would otherwise leave its default in place. The message names the
    nearest field, also for what other tools call it.

    Wrong:

        input: 32x32x3
        layers:
          - {conv: 16, kernel_size: 3, strides: 2, padding: 1}
        fit: floor

    Right:

        input: 32x32x3
        layers:
          - {conv: 16, kernel_size: 3, stride: 2, padding: 1}
        fit: floor

    Fix: write the name that the message offers; `cnncalc explain KIND` lists a kind's fields. At the top level a key that begins
    with `x-` is let through.
    """


class UnknownKind(Manual):
    """The message names the nearest kind, also for what other tools call it.

    Wrong:

        input: 32x32x3
        layers:
          - {dense: 10}

    Right:

        input: 32x32x3
        layers:
          - {fc: 10}

    Fix: `cnncalc explain --list` names all kinds. A block is used by `{block: NAME}`.
    """


class RowFault(Manual):
    """A row is a word such as `relu`, or a map with exactly one layer kind among its keys.

    Wrong:

        input: 32x32x3
        layers:
          - {conv: 16, kernel_size: 3, maxpool: 2}

    Right:

        input: 32x32x3
        layers:
          - {conv: 16, kernel_size: 3}
          - {maxpool: 2}

    Fix: write a row for each layer, behind a dash of its own.
    """


class Missing(Manual):
    """A kind's value or field without a default, a block's parameter, `merge` of branches, or `input` and `layers` themselves.

    Wrong:

        input: 32x32x3
        layers:
          - {conv: 16}

    Right:

        input: 32x32x3
        layers:
          - {conv: 16, kernel_size: 3}

    Fix: the message says what is missing and what it may be.
    """


class ValueFault(Manual):
    """Values are read by what the field wants, as YAML 1.2 has it: `no` is a word, `010` is ten, `32.0` is a whole number.

    Wrong:

        input: 32x32x3
        layers:
          - {conv: 16, kernel_size: 0}

    Right:

        input: 32x32x3
        layers:
          - {conv: 16, kernel_size: 3}

    Fix: the message says what the field takes.
    """


class Name(Manual):
    """Names are letters, digits, `_` and `-`, not digits alone, and unique in their list of rows; `input` is taken.

    Wrong:

        input: 32x32x3
        layers:
          - {conv: 16, kernel_size: 3, name: stem}
          - {relu: , name: stem}

    Right:

        input: 32x32x3
        layers:
          - {conv: 16, kernel_size: 3, name: stem}
          - {relu: , name: act}

    Fix: choose another name, or leave it out: rows are numbered by kind.
    """


class UnknownName(Manual):
    """A row reads only rows that stand above it; names are looked up in its own branch or block first, then outward.

    Wrong:

        input: 32x32x3
        layers:
          - {conv: 3, kernel_size: 3, padding: 1, name: body}
          - {add: inptu}

    Right:

        input: 32x32x3
        layers:
          - {conv: 3, kernel_size: 3, padding: 1, name: body}
          - {add: input}

    Fix: the message names the nearest name there is. Inside a block, `input` is what the block reads.
    """


class Cycle(Manual):
    """It would never end. The message shows the way round.

    Wrong:

        input: 32x32x3
        blocks:
          tower:
            layers:
              - relu
              - {block: tower}
        layers:
          - {block: tower}

    Right:

        input: 32x32x3
        blocks:
          tower:
            layers:
              - relu
        layers:
          - {block: tower, repeat: 2}

    Fix: use `repeat` for several in sequence.
    """


class Expression(Manual):
    """`${…}` is arithmetic over vars, parameters, `i` and `in_channels`: `+ - * / // % **`, comparisons, `a if c else b` and the
    functions min, max, round, floor, ceil, abs and multiple_of. Nothing else evaluates.

    Wrong:

        input: 32x32x3
        layers:
          - {conv: "${sqrt(64)}", kernel_size: 3}

    Right:

        input: 32x32x3
        layers:
          - {conv: "${64 ** 0.5}", kernel_size: 3}

    Fix: the message names the part that cannot be read or computed.
    """


class ShapeFault(Manual):
    """A vector into a convolution, a kernel of two axes over a sequence, groups that do not divide the channels, and the like.

    Wrong:

        input: 3072
        layers:
          - {conv: 16, kernel_size: 3}

    Right:

        input: 3072
        layers:
          - {reshape: 32x32x3}
          - {conv: 16, kernel_size: 3}

    Fix: the message says what flows in and what the layer takes.
    """


class WindowFault(Manual):
    """Not even the first window goes in: N + 2P − F is negative. Some tools take the floor of the quotient and let it pass.

    Wrong:

        input: 8x8x3
        layers:
          - {conv: 16, kernel_size: 11}

    Right:

        input: 8x8x3
        layers:
          - {conv: 16, kernel_size: 5}

    Fix: a smaller window or more padding; often the map has become too small after many strides.

    Source: Dumoulin & Visin 2016, A guide to convolution arithmetic for deep learning.
    """


class StrideFit(Manual):
    """With input N, window F, stride S and padding P the window stands at (N − F + 2P)/S + 1 positions. Where that is not whole,
    the last window would hang over the end. Frameworks take the floor without a word, and the last cells are never read.

    Wrong:

        input: 224x224x3
        layers:
          - {conv: 96, kernel_size: 11, stride: 4}

    Right:

        input: 227x227x3
        layers:
          - {conv: 96, kernel_size: 11, stride: 4}

    Fix: the message lists the nearest padding, stride, window and input that fit; only you know which is meant, so `--fix` never
    chooses. Where the floor is meant, say so: `fit: floor` on the row or at the top; `fit: ceil` lets the last window hang over.
    It may also be ignored, on a row by `# cnncalc: ignore[stride-fit]`, in a file by `ignore: stride-fit`.

    Source: CS231n, Convolutional Neural Networks, "Constraints on strides".
    """


class JoinFault(Manual):
    """`add` wants the same shape from each, `concat` the same spatial sizes, `multiply` the same shape or one number per channel.

    Wrong:

        input: 32x32x3
        layers:
          - branches:
              body: [{conv: 8, kernel_size: 3, padding: 1}]
              shortcut: []
            merge: add

    Right:

        input: 32x32x3
        layers:
          - branches:
              body: [{conv: 8, kernel_size: 3, padding: 1}]
              shortcut: [{conv: 8, kernel_size: 1}]
            merge: add

    Fix: the message names both sides and where they differ; a 1×1 convolution changes channels, a stride the size.
    """


class Share(Manual):
    """Weights are shared between layers of one kind whose weights have the same shapes; they are counted once.

    Wrong:

        input: 32x32x3
        layers:
          - {conv: 8, kernel_size: 3, padding: 1, name: first}
          - relu
          - {conv: 8, kernel_size: 3, padding: 1, share: first}

    Right:

        input: 32x32x3
        layers:
          - {conv: 3, kernel_size: 3, padding: 1, name: first}
          - relu
          - {conv: 3, kernel_size: 3, padding: 1, share: first}

    Fix: make both see as many channels, or leave `share` out.
    """


class Expect(Manual):
    """`expect` on a row is the shape that must come out of it; at the top level it says outputs and totals, exactly.

    Wrong:

        input: 32x32x3
        layers:
          - {conv: 10, kernel_size: 5, padding: 2, expect: 28x28x10}

    Right:

        input: 32x32x3
        layers:
          - {conv: 10, kernel_size: 5, padding: 2, expect: 32x32x10}

    Fix: one of the two is wrong, the network or the expectation; the message has both.
    """


class Budget(Manual):
    """`budget` says what may not be exceeded: `parameters`, `trainable`, `macs`, or `weights` in bytes of float32.

    Wrong:

        input: 3072
        layers:
          - {fc: 10}
        budget: {parameters: 10K}

    Right:

        input: 3072
        layers:
          - {fc: 10}
        budget: {parameters: 50K}

    Fix: a smaller network or a larger budget; the message says by how much it is exceeded.
    """


class Set(Manual):
    """`--set NAME=VALUE` sets a var, `--set conv1.stride=1` a field, `*.bias=false` a field of every layer that has it.

    Wrong:

        $ cnncalc show lenet5 --set depth=3

    Right:

        $ cnncalc show lenet5 --set C1.kernel_size=3 --fit floor

    Fix: the message names the nearest var, layer or field.
    """


def _name(cls: type[Manual]) -> str:
    return re.sub(r"(?<=[a-z])(?=[A-Z])", "-", cls.__name__.removesuffix("Fault")).lower()


def _text(cls: type[Manual]) -> str:
    import inspect

    fact = ERROR_RULES[_name(cls)]
    return f"{fact[0].upper()}{fact[1:]}.\n\n{inspect.cleandoc(cls.__doc__ or '')}\n"


def manual(name: str) -> str:
    """The manual of an error: what, why, a wrong and a right example, how to mend. Raises KeyError where there is none."""
    return _text(_CLASSES[name])


_CLASSES: dict[str, type[Manual]] = {_name(cls): cls for cls in Manual.__subclasses__()}
