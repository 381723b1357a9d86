import * as pulumi from "@pulumi/pulumi";

/**
 * Keeps the engine from taking a program in which something failed for one that ended well. An inline program of the
 * Automation API signals its end before it looks whether errors were left, and the engine then deletes all that was not
 * declared because of them: the Deployment of an image that could not be published. Without the signal it deletes nothing.
 */
export function withholdShutdown(): void {
  const monitor = pulumi.runtime.getMonitor() as Partial<Signalled> | undefined;
  if (monitor?.signalAndWaitForShutdown) {
    monitor.signalAndWaitForShutdown = (_request, callback) => callback(null);
  }
}

interface Signalled {
  signalAndWaitForShutdown(request: unknown, callback: (error: null) => void): void;
}
