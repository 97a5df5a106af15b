"""What an expert does to its tokens: the library's own experts, with weights that come from elsewhere."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

import torch
from torch import Tensor, nn
from torch.nn.functional import linear

Weights = Mapping[str, Tensor]
"""One expert's tensors, in the names and shapes of its module."""


Compute = Callable[[Tensor, Tensor], Tensor]
"""One expert: tokens [n, hidden] and their shares [n, 1] in, [n, hidden] out, yet without the shares."""


Project = Callable[[str, Tensor], Tensor]
"""A projection's name and its input [tokens, columns] in, [tokens, rows] out, with its bias if it has one."""


def expert_forward(module: nn.Module, weights: Weights, x: Tensor) -> Tensor:
    """[tokens, hidden] through one expert with these weights."""

    def project(name: str, x: Tensor) -> Tensor:
        weight, bias = weights[name], weights.get(f"{name}_bias")
        if not module.is_transposed:
            return linear(x, weight, bias)
        return x @ weight if bias is None else x @ weight + bias

    return projected_forward(module, project, x)


def projected_forward(module: nn.Module, project: Project, x: Tensor) -> Tensor:
    """[tokens, hidden] through one expert, step by step as ``module`` itself would do it."""
    if module.has_gate:
        x = module._apply_gate(project("gate_up_proj", x))  # type: ignore[operator]
    else:
        x = module.act_fn(project("up_proj", x))  # type: ignore[operator]
    x = project("down_proj", x)
    return module.post_expert_norm(x) if module.has_post_expert_norm else x  # type: ignore[operator]


def route(
    hidden: Tensor,
    choice: Tensor,
    share: Tensor,
    experts: int,
    visit: Callable[[Sequence[int]], Iterable[tuple[int, Compute]]],
) -> Tensor:
    """Send each token through the experts chosen for it, and add up what comes back.

    ``hidden`` [tokens, hidden], ``choice`` and ``share`` [tokens, k]; ``visit`` brings in experts, each as a
    function on its tokens. Experts are added in the order of their numbers whatever is in memory, so that a
    result never depends on it. Choices from ``experts`` on mean none.
    """
    if len(hidden) == 1:
        return _route_one(hidden, choice, share, experts, visit)
    ids, order = choice.T.flatten().sort(stable=True)
    tokens = order % len(hidden)
    shares = share.T.flatten()[order, None]
    found, counts = torch.unique_consecutive(ids, return_counts=True)
    pieces = dict(zip(found.tolist(), _pieces(counts.tolist()), strict=True))
    out = torch.zeros_like(hidden)
    for expert, compute in visit([expert for expert in pieces if expert < experts]):
        piece = pieces[expert]
        mine = tokens[piece]
        out.index_add_(0, mine, (compute(hidden[mine], shares[piece]) * shares[piece]).to(out.dtype))
    return out


def _route_one(
    hidden: Tensor,
    choice: Tensor,
    share: Tensor,
    experts: int,
    visit: Callable[[Sequence[int]], Iterable[tuple[int, Compute]]],
) -> Tensor:
    """The same for one token, as in every step of writing, without sorting tensors."""
    chosen = {expert: place for place, expert in enumerate(choice[0].tolist()) if expert < experts}
    out = torch.zeros_like(hidden)
    for expert, compute in visit(sorted(chosen)):
        mine = share[:, chosen[expert], None]
        out += (compute(hidden, mine) * mine).to(out.dtype)
    return out


def _pieces(counts: list[int]) -> Iterator[slice]:
    begin = 0
    for count in counts:
        yield slice(begin, begin + count)
        begin += count
