"""Uses of blocks, and blocks that contain themselves."""

import tracemalloc

import cnncalc


def test_many_blocks_take_memory_in_proportion():
    def peak(count):
        blocks = "".join(f"  b{i}: {{layers: [{{block: b{(i + 1) % count}}}]}}\n" for i in range(count))
        text = f"input: 3x3x3\nblocks:\n{blocks}layers: [{{block: b0}}]\n"
        tracemalloc.start()
        try:
            assert [problem.rule for problem in cnncalc.loads(text).problems] == ["cycle"]
            return tracemalloc.get_traced_memory()[1]
        finally:
            tracemalloc.stop()

    peak(1)  # what is imported on first use does not count
    # The names of all blocks in each block would make it four times as much.
    assert peak(1000) < 3 * peak(500)
