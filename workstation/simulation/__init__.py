"""A market of known accounts, from which every fact follows; always labelled SIMULATED.

``story`` is the path from outside, ``generator`` the parameters, ``state`` the arrays, ``kernels``
the steps, ``market`` all coins on one clock, ``history`` the saved beginning, ``publish`` what
venues tell of it, ``player`` and ``feed`` the way to the rest of the program.
"""
