"""Accounts of a generated market, compiled: who is touched by price, and what then happens.

Columns of the account table; a quantity of zero is a free slot. Accounts stand in blocks, and a
block knows the nearest price and time at which one of its accounts has something to do. Nothing is
added to where ``ADD`` is zero.
"""

from __future__ import annotations

import numpy as np
from numba import njit

QUANTITY, ENTRY, LIQUIDATION, STOP, TARGET, UNTIL, TOP_UPS, CROSS, TRAIL, ADD, DISTANCE = range(11)
FIELDS = 11
BLOCK = 64
BELOW, ABOVE, NEXT = range(3)
OPENED, CLOSED, LIQUIDATED, HELD = range(4)  # columns of a ledger, a row a side


@njit(cache=True)
def empty_crowd(slots):
    """Accounts, blocks, the stack of free slots and how many lie on it."""
    accounts = np.zeros((slots, FIELDS))
    blocks = np.empty((slots // BLOCK, 3))
    blocks[:, BELOW], blocks[:, ABOVE], blocks[:, NEXT] = -np.inf, np.inf, np.inf
    free = np.arange(slots)[::-1].copy()
    return accounts, blocks, free, np.array([slots])


@njit(cache=True)
def note_account(accounts, blocks, i):
    block = blocks[i // BLOCK]
    a = accounts[i]
    if a[QUANTITY] > 0:
        block[BELOW] = max(block[BELOW], a[LIQUIDATION], a[STOP])
        block[ABOVE] = min(block[ABOVE], a[TARGET])
        block[BELOW] = max(block[BELOW], a[ADD])
    else:
        block[BELOW] = max(block[BELOW], a[TARGET])
        block[ABOVE] = min(block[ABOVE], a[LIQUIDATION], a[STOP])
        if a[ADD] > 0:
            block[ABOVE] = min(block[ABOVE], a[ADD])
    block[NEXT] = min(block[NEXT], a[UNTIL])


@njit(cache=True)
def renew_block(accounts, blocks, b):
    blocks[b, BELOW], blocks[b, ABOVE], blocks[b, NEXT] = -np.inf, np.inf, np.inf
    for i in range(b * BLOCK, (b + 1) * BLOCK):
        if accounts[i, QUANTITY] != 0:
            note_account(accounts, blocks, i)


@njit(cache=True)
def open_account(accounts, blocks, free, left, row):
    """Put an account into a free slot; without one it is turned away."""
    if left[0] == 0:
        return False
    left[0] -= 1
    i = free[left[0]]
    accounts[i] = row
    note_account(accounts, blocks, i)
    return True


@njit(cache=True)
def close_account(accounts, free, left, i):
    accounts[i, QUANTITY] = 0.0
    free[left[0]] = i
    left[0] += 1


@njit(cache=True)
def true_book(accounts, first_bin, delta, out):
    """Write the (2, bins) quantities by liquidation price; beyond the grid is left out."""
    out[:] = 0.0
    for i in range(len(accounts)):
        quantity, price = accounts[i, QUANTITY], accounts[i, LIQUIDATION]
        if quantity != 0 and 0 < price < np.inf:
            k = int(np.floor(np.log(price) / delta)) - first_bin
            if 0 <= k < out.shape[1]:
                out[0 if quantity > 0 else 1, k] += abs(quantity)


@njit(cache=True)
def rebase(accounts, blocks, scale):
    """Let the history begin at one price, whatever went before."""
    accounts[:, ENTRY : TARGET + 1] *= scale
    accounts[:, ADD] *= scale
    for b in range(len(blocks)):
        renew_block(accounts, blocks, b)


@njit(cache=True)
def note_order(orders, count, step, a, quantity):
    """Write what the venue takes from an account; returns the number of rows."""
    orders[count, 0], orders[count, 1] = step, 0.0 if a[QUANTITY] > 0 else 1.0
    orders[count, 2], orders[count, 3] = a[LIQUIDATION], quantity
    return count + 1


@njit(cache=True)
def take_stock(accounts, flows, out):
    """Write the (2, 4) ledger: coins opened, closed and liquidated so far, and held now."""
    out[:, :HELD] = flows
    out[:, HELD] = 0.0
    for i in range(len(accounts)):
        out[0 if accounts[i, QUANTITY] > 0 else 1, HELD] += abs(accounts[i, QUANTITY])
