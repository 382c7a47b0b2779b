import type { ConnectionFacts, Facts, RequestFacts } from "../../decision.ts";
import { KIND } from "../kinds.ts";
import type { RequestHead } from "../request-head.ts";

/** One request as the balancing side sees it; reads the head only when asked. Valid while the request is in flight. */
export class RequestView implements RequestFacts, Facts {
  readonly connection: ConnectionFacts;
  readonly clientAddress: string;
  private readonly head: RequestHead;

  constructor(head: RequestHead, connection: ConnectionFacts, clientAddress: string) {
    this.head = head;
    this.connection = connection;
    this.clientAddress = clientAddress;
  }

  get request(): RequestFacts {
    return this;
  }

  get method(): string {
    return this.head.method.name;
  }

  get host(): string {
    return this.head.host;
  }

  get target(): string {
    return this.head.target;
  }

  get cookie(): string | undefined {
    return this.head.fields.joined(KIND.cookie, "; ");
  }

  header(name: string): string | undefined {
    if (name === "host") return this.head.authority === "" ? undefined : this.head.authority;
    return this.head.fields.get(name);
  }
}
