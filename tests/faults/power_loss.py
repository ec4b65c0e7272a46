"""What a disk is sure to hold after a loss of power: only what was flushed.

A `Disk` follows the calls of `os.fsync` in this process. A file that was never flushed may have
lost its content, and a name that was given since its folder was flushed may be gone. Both need
not happen: file systems that keep a journal of names often have the name and not the content.
"""

import os
import resource
import stat
import threading
from contextlib import suppress
from pathlib import Path

WHAT_IS_LEFT = {
    "nothing": lambda content: b"",
    "half": lambda content: content[: len(content) // 2],
    "zeros": lambda content: bytes(len(content)),
}
"""Of a file whose content was not flushed, by name."""


class Disk:
    """Keeps what was flushed of a folder that nothing has written to yet.

    Files and folders are told apart by inode; each stays open, so that no number is used again.
    """

    def __init__(self, folder):
        self.folder = Path(folder)
        self.content, self.names, self.held = {}, {}, []
        self.lock = threading.RLock()
        self.fsync = os.fsync
        hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
        resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
        for path in (self.folder, *self.folder.rglob("*")):
            descriptor = os.open(path, os.O_RDONLY)
            self._keep(descriptor)
            os.close(descriptor)
        os.fsync = self._flush

    def _flush(self, descriptor):
        self.fsync(descriptor)
        with self.lock:
            self._keep(descriptor)

    def _keep(self, descriptor):
        """Take a file's content, or a folder's names, as they are now."""
        status = os.fstat(descriptor)
        self.held.append(os.dup(descriptor))
        if stat.S_ISDIR(status.st_mode):
            self.names[status.st_ino] = _names_in(descriptor)
        else:
            self.content[status.st_ino] = Path(f"/proc/self/fd/{descriptor}").read_bytes()

    def write(self, to, *, names, left):
        """Write what may be found when power is back.

        Parameters
        ----------
        to : Path
        names : bool
            Whether names are all there, flushed or not.
        left : str
            Of `WHAT_IS_LEFT`, for files whose content was not flushed.
        """
        with self.lock:
            contents, folders = self._present()
            # What is there now and was not flushed keeps some of its content, and maybe its name.
            contents = {i: WHAT_IS_LEFT[left](c) for i, c in contents.items()} | self.content
            _write(self.folder.stat().st_ino, to, contents, folders if names else self.names)

    def _present(self):
        """Return the contents and the names that are there now, by inode."""
        contents, folders = {}, {}
        for path in (self.folder, *self.folder.rglob("*")):
            with suppress(FileNotFoundError):  # another thread deleted it
                inode, is_folder = path.stat().st_ino, path.is_dir()
                if is_folder:
                    folders[inode] = _names_in(path)
                else:
                    contents[inode] = path.read_bytes()
        return contents, folders


def _names_in(folder):
    with os.scandir(folder) as entries:
        return {entry.name: (entry.inode(), entry.is_dir()) for entry in entries}


def _write(inode, to, contents, folders):
    to.mkdir(parents=True)
    for name, (below, is_folder) in folders.get(inode, {}).items():
        if is_folder:
            _write(below, to / name, contents, folders)
        else:
            (to / name).write_bytes(contents.get(below, b""))


class PowerLoss:
    """An audit hook that writes, before some points of a call, what a loss of power would leave.

    Parameters
    ----------
    is_point : callable
        Tells whether an event is a point.
    below : str
        The folder that is on the disk.
    at : list of int
        The points, from 0.
    into : str
        Gets a folder a point, named by it and by what is lost: names and contents in turn.
    """

    def __init__(self, is_point, below, at, into):
        self.is_point, self.below, self.at, self.into = is_point, below, at, Path(into)
        self.points, self.mine, self.lock = 0, threading.local(), threading.Lock()
        self.disk = Disk(below)

    def __call__(self, event, arguments):
        if getattr(self.mine, "is_looking", False):
            return
        if self.is_point(event, arguments, self.below):
            with self.lock:
                point, self.points = self.points, self.points + 1
            if point in self.at:
                turn = self.at.index(point)
                self.look(f"{point:05}", names=turn % 2 == 0, turn=turn // 2)

    def end(self):
        """Write both kinds of loss as they would be now that the call has returned."""
        for turn, names in enumerate((True, False)):
            self.look("returned", names=names, turn=turn)

    def look(self, when, *, names, turn):
        self.mine.is_looking = True
        left = list(WHAT_IS_LEFT)[turn % len(WHAT_IS_LEFT)]
        lost = f"{left} is left" if names else "names are lost"
        self.disk.write(self.into / f"{when}, {lost}", names=names, left=left)
        self.mine.is_looking = False
