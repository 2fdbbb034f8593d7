#!/usr/bin/env python3
"""A placement policy in Python, for vdcsim's `policy: process`. Standard library only; docs/plugins.md has the protocol.

It learns while the run goes on: an epsilon-greedy bandit (Sutton and Barto, Reinforcement Learning, 2.4) chooses for each VM one of
three rules - the first host, the fullest, the emptiest - and rewards the rules by how many hosts stay empty.
"""
import json
import random
import sys


def first(vm, hosts):
    return min(hosts, key=lambda host: host["id"])


def fullest(vm, hosts):
    return min(hosts, key=lambda host: (host["cpu"], host["memory"], host["id"]))


def emptiest(vm, hosts):
    return max(hosts, key=lambda host: (host["cpu"], host["memory"], -host["id"]))


class Agent:
    RULES = [first, fullest, emptiest]

    def __init__(self, hello):
        self.columns = hello["columns"]
        self.random = random.Random(hello["seed"])  # the run's own seed: equal runs, equal decisions
        self.epsilon = float((hello["options"] or {}).get("epsilon", 0.1))
        self.value = [0.0] * len(self.RULES)
        self.count = [0] * len(self.RULES)
        self.tried = None

    def decide(self, vm, hosts):
        if not hosts:
            return None  # nobody has room: the VM waits
        hosts = [dict(zip(self.columns, host)) for host in hosts]
        self.learn(sum(host["vms"] == 0 for host in hosts))
        if self.random.random() < self.epsilon:
            self.tried = self.random.randrange(len(self.RULES))
        else:
            self.tried = max(range(len(self.RULES)), key=lambda rule: self.value[rule])
        return self.RULES[self.tried](vm, hosts)["id"]

    def learn(self, reward):
        if self.tried is not None:
            self.count[self.tried] += 1
            self.value[self.tried] += (reward - self.value[self.tried]) / self.count[self.tried]


def main():
    agent = None
    for line in sys.stdin:
        message = json.loads(line)
        if "decide" in message:
            answer = {"host": agent.decide(message["decide"], message["hosts"])}
        elif "hello" in message:
            agent = Agent(message)
            answer = {"ready": message["protocol"]}
        else:
            continue  # "placed" and "released" need no answer
        print(json.dumps(answer), flush=True)


if __name__ == "__main__":
    main()
