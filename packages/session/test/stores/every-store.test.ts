import { damageSuite } from "./every/damage.ts";
import { formsSuite } from "./every/forms.ts";
import { onEveryStore } from "./fixtures/every-store.ts";

onEveryStore((store) => {
  damageSuite(store);
  formsSuite(store);
});
