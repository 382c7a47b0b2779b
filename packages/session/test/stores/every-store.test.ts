import { damageSuite } from "./every/damage.ts";
import { dumpSuite } from "./every/dump.ts";
import { formsSuite } from "./every/forms.ts";
import { keyRotationSuite } from "./every/key-rotation.ts";
import { skewSuite } from "./every/skew.ts";
import { onEveryStore } from "./fixtures/every-store.ts";

onEveryStore((store) => {
  damageSuite(store);
  formsSuite(store);
  skewSuite(store);
  dumpSuite(store);
  keyRotationSuite(store);
});
