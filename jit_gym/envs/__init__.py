"""What does an agent see? Gymnasium envs, single and native batches, and the Stable-Baselines3 adapter."""

from .env import Env
from .family import FamilyEnv, FamilyVectorEnv
from .orders import OrderUnits
from .vector import VectorEnv

__all__ = ["Env", "FamilyEnv", "FamilyVectorEnv", "OrderUnits", "VectorEnv"]
