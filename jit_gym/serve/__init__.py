"""How do people play? The game of a scenario: its seats, its weeks, and the pages on which a class plays it."""

from .course import Change, Course
from .game import Game
from .games import GAMES, Entry, GameSetup, Seat, setup
from .saved import read_game, write_game

__all__ = ["GAMES", "Change", "Course", "Entry", "Game", "GameSetup", "Seat", "read_game", "setup", "write_game"]
