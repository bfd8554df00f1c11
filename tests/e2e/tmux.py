"""A terminal window with a bash in it, as somebody sits in front of it: keys go in, the screen is looked at.

The tmux server is this test's own (a socket in a directory given, no configuration), and ends with the `with` block.
"""

import os
import re
import subprocess
import termios

from fleet import wait_until


class Shell:
    """A bash that reads from the window, by its prompt, `NAME:N$ `: N counts its commands, so that each prompt is told
    from the one before."""

    def __init__(self, window, name):
        self.window = window
        self.name = name
        self.count = 1

    def prompt(self, count=None):
        return f"{self.name}:{self.count if count is None else count}$"

    def await_prompt(self):
        """Waits until it asks for its next command at the end of the screen."""
        self.window.wait(lambda text: text.endswith("\n" + self.prompt()), f"the prompt {self.prompt()}")

    def begin(self, command, recalled_by=None):
        """Types a command, or recalls it by a key; its end is not waited for. It must be shown after the prompt."""
        self.await_prompt()
        if recalled_by:
            self.window.keys(recalled_by)
        else:
            self.window.type(command)
        shown = f"\n{self.prompt()} {command}"
        self.window.wait(lambda text: text.endswith(shown), f"{command!r} to be shown as it is typed")
        self.window.keys("Enter")
        self.count += 1

    def ended(self, command):
        """Waits for the end of a command that was begun last; returns what came between it and the next prompt."""
        begun, over = f"\n{self.prompt(self.count - 1)} {command}\n", "\n" + self.prompt()
        text = self.window.wait(lambda text: begun in text and text.endswith(over), f"{command!r} to end")
        return text[text.rindex(begun) + len(begun) : -len(self.prompt())].rstrip("\n")

    def run(self, command):
        self.begin(command)
        return self.ended(command)


class Window:
    """A tmux server with one window in it; `shell` is the bash there."""

    def __init__(self, directory, environment, columns=100, rows=24):
        self.socket = directory / "tmux.sock"
        self.environment = {
            "PATH": os.environ["PATH"], "HOME": str(directory), "LC_ALL": "C.UTF-8", "PS1": r"local:\#$ ", **environment
        }
        self.command = ["tmux", "-S", self.socket, "-f", "/dev/null"]
        self.server = subprocess.Popen([*self.command, "-D"], env=self.environment, stdin=subprocess.DEVNULL)
        try:
            wait_until(self.socket.is_socket, "tmux to listen")
            self.tmux("new-session", "-d", "-x", columns, "-y", rows, "bash", "--noprofile", "--norc")
            self.tty = self.tmux("display-message", "-p", "#{pane_tty}").strip()
        except BaseException:
            self.close()
            raise
        self.shell = Shell(self, "local")

    def __enter__(self):
        return self

    def __exit__(self, kind, value, traceback):
        self.close()

    def close(self):
        """Closes the window: what runs in it is hung up."""
        if self.server.poll() is None:
            self.server.terminate()
        self.server.wait()

    def tmux(self, *args):
        done = subprocess.run([*self.command, *map(str, args)], env=self.environment, capture_output=True, text=True)
        if done.returncode != 0:
            raise AssertionError(f"tmux {args}: {done.returncode}\n{done.stdout}{done.stderr}")
        return done.stdout

    def type(self, text):
        self.tmux("send-keys", "-l", "--", text)

    def keys(self, *names):
        """Keys by their names, as in C-c, Up, Enter."""
        self.tmux("send-keys", "--", *names)

    def paste(self, path):
        self.tmux("load-buffer", path, ";", "paste-buffer", "-d")

    def resize(self, columns, rows):
        self.tmux("resize-window", "-x", columns, "-y", rows)

    def screen(self, *flags):
        """What is to be seen, line by line."""
        return self.tmux("capture-pane", "-p", *flags)

    def text(self):
        """All that was written so far, with lines that were broken at the edge put together; begins with a newline."""
        lines = self.screen("-J", "-S", "-").split("\n")
        return "\n" + "\n".join(line.rstrip() for line in lines).rstrip("\n")

    def wait(self, condition, what, look=None):
        """Waits until the condition holds of text(), or of what `look` sees instead; returns that."""
        look = look or self.text
        try:
            return wait_until(lambda: condition(seen := look()) and seen, what)
        except AssertionError as error:
            raise AssertionError(f"{error}; the screen shows:\n{self.screen()}") from None

    def wait_lines(self, condition, what):
        """As wait(), of the lines of the screen, each with the spaces that it ends with."""
        return self.wait(condition, what, lambda: self.screen("-N").rstrip("\n").split("\n"))

    def raw(self):
        """Whether the terminal hands over each key as it is typed, and shows and changes nothing."""
        terminal = os.open(self.tty, os.O_RDWR | os.O_NOCTTY)
        try:
            _, output, _, local, *_ = termios.tcgetattr(terminal)
        finally:
            os.close(terminal)
        return not local & (termios.ICANON | termios.ECHO | termios.ISIG) and not output & termios.OPOST
