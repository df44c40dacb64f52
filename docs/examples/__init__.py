"""To copy from: requests, a directory, and the page behind signed links."""
