"""What Prometheus is served, by the server and by an agent."""

import subprocess
import unittest
import urllib.request

from fleet import Fleet


class Metrics(unittest.TestCase):
    def test_metrics_are_served_and_promtool_finds_nothing_to_complain_of(self):
        with Fleet() as fleet:
            fleet.host("h1")
            fleet.warren("netns", "add", "h1/red")
            with urllib.request.urlopen(f"http://{fleet.metrics_address()}/metrics", timeout=30) as answer:
                text = answer.read().decode()
            agent = fleet.hosts["h1"].agent.wait_for_log("listening")["metrics"]
            agent_text = fleet.hosts["h1"].run("curl", "-sS", "--fail", f"http://{agent}/metrics").stdout
        self.assertRegex(text, r'warren_intents_total\{state="SUCCEEDED"\} 1')
        self.assertRegex(text, r"warren_intent_queue_oldest_seconds 0")
        self.assertRegex(text, r"warren_intents_kept 1")
        for resource in ("hosts", "intents", "namespaces"):
            self.assertRegex(text, rf'warren_watches\{{resource="{resource}"\}} 0')
        self.assertRegex(text, r"process_resident_memory_bytes \d")
        self.assertRegex(text, r"warren_store_size_bytes [1-9]")
        self.assertRegex(agent_text, r"warren_agent_journal_bytes [1-9]")
        self.assertRegex(agent_text, r'warren_agent_intents_total\{state="SUCCEEDED"\} 1')
        for body in (text, agent_text):
            checked = subprocess.run(["promtool", "check", "metrics"], input=body, capture_output=True, text=True)
            self.assertEqual((checked.returncode, checked.stdout + checked.stderr), (0, ""))


if __name__ == "__main__":
    unittest.main(verbosity=2)
