# The cache of the library's tutorial under Hypothesis: the length of the shrunk trace of each seed.
#
#     pip install hypothesis==6.170.17
#     python hypothesis_cache.py FIRST_SEED COUNT

import sys

from hypothesis import seed, settings, strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, rule, run_state_machine_as_test


class Cache:
    def __init__(self, capacity):
        self.capacity, self.entries = capacity, {}

    def put(self, key, value):
        self.entries.pop(key, None)
        if len(self.entries) == self.capacity:
            self.entries.pop(next(iter(self.entries)))
        self.entries[key] = value

    def get(self, key):
        return self.entries.get(key)  # planted: a look should be a use


class Model(Cache):
    def get(self, key):
        if key in self.entries:
            self.entries[key] = self.entries.pop(key)
        return self.entries.get(key)


keys, values = st.integers(0, 9), st.integers(0, 99)


class CacheMachine(RuleBasedStateMachine):
    @initialize(capacity=st.integers(1, 8))
    def make(self, capacity):
        self.cache, self.model = Cache(capacity), Model(capacity)

    @rule(key=keys, value=values)
    def put(self, key, value):
        self.cache.put(key, value)
        self.model.put(key, value)

    @rule(key=keys)
    def get(self, key):
        got, expected = self.cache.get(key), self.model.get(key)
        assert got == expected, f"expected {expected}, got {got}"


first, count = int(sys.argv[1]), int(sys.argv[2])
for number in range(first, first + count):
    try:
        run_state_machine_as_test(
            seed(number)(CacheMachine),
            settings=settings(
                database=None, max_examples=200, stateful_step_count=100, deadline=None
            ),
        )
        print(number, "found nothing", flush=True)
    except AssertionError as error:
        lines = "\n".join(error.__notes__).splitlines()
        steps = [line for line in lines if line.startswith("state.")]
        print(number, len(steps) - 1, flush=True)  # the last step is the teardown
