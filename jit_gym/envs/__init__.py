"""What does an agent see? Gymnasium envs, single and native batches, and the Stable-Baselines3 adapter."""

from .env import Env
from .family import FamilyEnv, FamilyVectorEnv
from .vector import VectorEnv

__all__ = ["Env", "FamilyEnv", "FamilyVectorEnv", "VectorEnv"]
