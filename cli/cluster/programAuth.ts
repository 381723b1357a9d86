import type { KubeConfig, User } from "@kubernetes/client-node";
import { runProgram } from "../../components/runProgram";

/** A program that gives credentials, as it is run. */
export interface CredentialProgram {
  command: string;
  args: string[];
  /** Beside the environment of this process. */
  env: Record<string, string>;
}

type Authenticator = Parameters<KubeConfig["addAuthenticator"]>[0];

/** How long a program may take, in milliseconds: it may wait for somebody who logs in elsewhere. */
const LIMIT = 300_000;
/** How many characters it may say. */
const LONGEST = 1024 * 1024;
/** How many of its words a message quotes. */
const QUOTED = 500;

/** How a user is marked that has a program for its credentials; not as the client does, which would run it by itself. */
export const PROGRAM = "program";

/** What a program gives. */
interface Credential {
  token?: string;
  clientCertificateData?: string;
  clientKeyData?: string;
  /** RFC 3339. Default: as long as this process lives. */
  expirationTimestamp?: string;
}

/**
 * Runs the program that a kubeconfig names for the credentials, as kubectl does: once for all requests until they end, and with nothing to
 * read. (The client runs one for each request that is made meanwhile, and waits for ever where it wants to read.)
 */
export class ProgramAuth implements Authenticator {
  private credential: Promise<Credential> | undefined;

  constructor(private readonly limit = LIMIT) {}

  isAuthProvider({ authProvider }: User): boolean {
    return authProvider?.name === PROGRAM;
  }

  async applyAuthentication(
    { authProvider }: User,
    options: Parameters<Authenticator["applyAuthentication"]>[1],
  ): Promise<void> {
    const program = authProvider.config as CredentialProgram;
    if (!this.credential || isOver(await this.credential)) {
      this.credential = this.run(program);
    }
    const { token, clientCertificateData, clientKeyData } = await this.credential;
    if (token) {
      options.headers = { ...options.headers, Authorization: `Bearer ${token}` };
    }
    if (clientCertificateData && clientKeyData) {
      Object.assign(options, { cert: clientCertificateData, key: clientKeyData });
    }
  }

  private async run({ command, args, env }: CredentialProgram): Promise<Credential> {
    const what = `the credentials program ${command}`;
    const { status, signal, stdout, stderr } = await runProgram({
      ...{ program: command, args, env: { ...process.env, ...env } },
      ...{ limitMs: this.limit, tooSlow: `${what} did not end within ${this.limit / 1000} seconds` },
      ...{ longest: LONGEST, tooLong: `${what} printed more than ${LONGEST} characters` },
    }).catch((error: NodeJS.ErrnoException) => {
      throw error.code === undefined
        ? error
        : new Error(`${what} can't be run (${error.code}): install it, or put it on PATH`);
    });
    if (status !== 0) {
      const said = stderr.replace(/\s+/g, " ").trim().slice(0, QUOTED);
      throw new Error(`${what} ended with ${signal ?? `exit status ${status}`}${said && `: ${said}`}`);
    }
    const credential = credentialIn(stdout);
    if (!credential) {
      throw new Error(`${what} printed no credentials`);
    }
    return credential;
  }
}

function isOver({ expirationTimestamp }: Credential): boolean {
  return expirationTimestamp !== undefined && Date.parse(expirationTimestamp) <= Date.now();
}

/** Undefined if there is none in it. What it says is not quoted: it may be half a secret. */
function credentialIn(output: string): Credential | undefined {
  try {
    const { status } = JSON.parse(output) as { status?: Credential };
    return status?.token || (status?.clientCertificateData && status.clientKeyData) ? status : undefined;
  } catch {
    return undefined;
  }
}
