# Results in the Test Anything Protocol, on standard output.
#
# SPDX-License-Identifier: GPL-2.0-or-later


class Tap:
    def __init__(self):
        self.count = 0
        self.failures = 0
        print('TAP version 13', flush=True)

    def result(self, ok, name, *details):
        self.count += 1
        self.failures += not ok
        print(f'{"ok" if ok else "not ok"} {self.count} - {name}')
        for detail in details:
            print('#  ', detail)
        print(end='', flush=True)

    def equal(self, name, expected, got, *details):
        self.result(got == expected, name, *(
            [] if got == expected else
            [f'expected {expected!r}', f'got      {got!r}', *details]))

    def end(self):
        """Print the plan; return the program's exit status."""
        print(f'1..{self.count}')
        return 1 if self.failures else 0
