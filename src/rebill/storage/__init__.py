"""Files at a path of this machine or at an address of a storage account: what reading and writing have in common."""
