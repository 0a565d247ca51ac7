"""Parameters written out: the text computes to the number counted, for every kind."""

import re

import pytest

from cnncalc.analysis.derive import counted, derivation, terms
from cnncalc.layers import KINDS
from cnncalc.network import loads
from tests.layers.test_contract import spec_of


@pytest.mark.parametrize("kind", KINDS.values(), ids=KINDS)
def test_text_computes_to_the_count(kind):
    node = loads(spec_of(kind)).layers[0]
    said = derivation(node.weights)
    assert counted(terms(node.weights)) == node.parameters
    if said:
        assert re.fullmatch(r"[\d·+() ]+", said)
        assert eval(said.replace("·", "*")) == node.parameters
    else:
        assert node.parameters == 0


@pytest.mark.parametrize(("distinct", "text"), [(0, ""), (1, "1"), (7, "7")])
def test_an_array_made_of_fewer_learned_numbers(distinct, text):
    node = loads(f"input: 2\nlayers:\n  - {{parameter: 3x4, distinct: {distinct}}}\n").layers[0]
    assert (derivation(node.weights), counted(terms(node.weights))) == (text, distinct)
