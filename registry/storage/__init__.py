"""Where versions lie: local disks, web servers, object stores, behind one contract."""
