"""idinn: one supplier by base-stock, and two by random orders, on its simulator in tensors, 4,096 paths at a time."""

import torch
from idinn.demand import UniformDemand
from idinn.dual_controller import CappedDualIndexController
from idinn.single_controller import BaseStockController
from idinn.sourcing_model import DualSourcingModel, SingleSourcingModel
from turns import Round, serve

PATHS, PERIODS = 4096, 200


def one_supplier() -> Round:
    """Return what plays base-stock; a sample is the mean cost of a period of one path."""
    model = SingleSourcingModel(4, 1, 19, 15, UniformDemand(0, 4), PATHS)
    rule = BaseStockController()
    rule.sourcing_model, rule.z_star = model, 15

    def play():
        model.reset()
        cost = torch.zeros(PATHS, 1)
        for _ in range(PERIODS):
            orders = rule.predict(model.get_current_inventory(), model.get_past_orders(), output_tensor=True)
            model.order(orders)
            cost += rule.get_last_cost(model)
        return PATHS * PERIODS, cost / PERIODS

    return play


def two_suppliers() -> Round:
    """Return what orders 2 units of the cheap supplier on each path, and 1 of the dear one in every fifth period.

    A sample is the mean reward of a period of one path, minus its cost. There is no rule, as idinn's capped dual index
    adds up the orders of all paths, and so plays one path at a time.
    """
    model = DualSourcingModel(2, 0, 100, 105, 5, 495, 5, UniformDemand(0, 4), PATHS)
    bookkeeper, two, one, none = CappedDualIndexController(), *(torch.full((PATHS, 1), n) for n in (2.0, 1.0, 0.0))

    def play():
        model.reset()
        cost = torch.zeros(PATHS, 1)
        for t in range(PERIODS):
            model.order(two, one if t % 5 == 0 else none)
            cost += bookkeeper.get_last_cost(model)
        return PATHS * PERIODS, -cost / PERIODS

    return play


with torch.inference_mode():
    serve("idinn", {"one-supplier": one_supplier, "two-suppliers": two_suppliers})
