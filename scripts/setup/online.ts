const LIMIT = 5_000;
let answer: Promise<boolean> | undefined;

/** Whether Pulumi's download site can be reached; asked once, so that nothing waits for it twice. */
export function pulumiSiteAnswers(): Promise<boolean> {
  answer ??= ask();
  return answer;
}

async function ask(): Promise<boolean> {
  if (process.env.HTTPS_PROXY || process.env.https_proxy) {
    // Downloads go through the proxy, this question would not: whoever downloads finds out.
    return true;
  }
  try {
    await fetch("https://get.pulumi.com/", { method: "HEAD", redirect: "manual", signal: AbortSignal.timeout(LIMIT) });
    return true;
  } catch {
    return false;
  }
}
