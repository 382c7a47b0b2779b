import type { BalancerConfig } from "../config.ts";
import { renderHaproxy } from "./haproxy/render.ts";
import { renderKubernetes } from "./kubernetes/render.ts";
import { renderNginx } from "./nginx/render.ts";
import type { Rendered, RenderTarget } from "./shared/writing.ts";

/** The engines that a pool can be written out for. */
export const RENDER_TARGETS: readonly RenderTarget[] = ["nginx", "haproxy", "kubernetes"];

const RENDERERS: Readonly<Record<RenderTarget, (config: BalancerConfig) => Rendered>> = {
  nginx: renderNginx,
  haproxy: renderHaproxy,
  kubernetes: renderKubernetes,
};

/**
 * Writes the same pools for another engine. Equal configurations give equal texts; keys are never written.
 * @throws RENDER_UNSUPPORTED for what would break affinity; lesser differences are notes, and comments in the text.
 */
export function renderConfig(config: BalancerConfig, target: RenderTarget): Rendered {
  return RENDERERS[target](config);
}
