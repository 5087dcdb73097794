"""A service that steps when it is told to, and the display of it."""

import functools
import warnings

import pytest

from rampart.exercise.raid import Raid
from rampart.pipeline import build_chain, build_places, load
from rampart.records import Decisions, Health

pytest.importorskip("fastapi", reason="the extra live is not installed")
pytest.importorskip("msgpack", reason="the extra live is not installed")

with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # it would rather have a newer client
    from starlette.testclient import TestClient

from rampart.serve.web.accounts import Accounts
from rampart.serve.web.app import create_app
from rampart.serve.web.display import Display
from rampart.serve.web.roles import Role
from rampart.serve.web.server import WebSettings


class Behind:
    """What a display needs, fed by hand."""

    mode = "exercise"
    held = None

    def __init__(self, scenario):
        self.places = build_places(scenario)
        self.now_ns = scenario.start_ns
        self.listeners, self.decided, self.rows, self.dead = [], [], Health.empty(), []

    def clock(self):
        return self.now_ns

    def subscribe(self, listener):
        self.listeners.append(listener)
        return lambda: self.listeners.remove(listener)

    def said(self, site):
        return self.held

    def decide(self, site, decisions: Decisions):
        self.decided.append((site, decisions))

    def health(self):
        return self.rows

    def peers(self):
        return self.dead

    def observed_cover(self, site):
        return [{"id": "radar", "modelled": 0.9, "cells": []}]

    def counters(self):
        return {'steps_total{site="embassy"}': 3.0}

    def tell(self, outputs):
        self.now_ns = outputs.now_ns
        for listener in list(self.listeners):
            listener(self.places[0].site.id, outputs)


@functools.cache
def flown(seconds=60.0):
    """Every step that the chain of embassy-rockets makes of its raid."""
    scenario = load("embassy-rockets")
    raid = Raid(scenario, scenario.start_ns, seed=7)
    chain = build_chain(raid.scenario, raid.places[0], engage=False)
    steps = []
    for scan in raid.scans():
        steps.append(chain.step(scan.now_ns, scan.detections, heard=scan.heard))
        if (scan.now_ns - scenario.start_ns) * 1e-9 > seconds:
            break
    return tuple(steps)


@pytest.fixture
def steps():
    return flown()


@pytest.fixture
def behind():
    return Behind(load("embassy-rockets"))


@pytest.fixture
def display(behind):
    return Display(behind)


@pytest.fixture(scope="session")
def people():
    """One account of each role, with their tokens."""
    accounts = Accounts()
    return accounts, {role: accounts.add(role.label, role) for role in Role}


@pytest.fixture
def app(display, people):
    return create_app(display, WebSettings().gate(people[0]))


@pytest.fixture
def client(app):
    with TestClient(app, base_url="http://127.0.0.1:8080") as client:
        yield client


@pytest.fixture
def as_role(people):
    """Headers of somebody with that role."""
    return lambda role: {"authorization": f"Bearer {people[1][role]}"} if role is not None else {}
