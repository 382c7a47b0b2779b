import { createHash } from "node:crypto";

export interface RedisScript {
  readonly lua: string;
  readonly sha: string;
}

export interface RedisScripts {
  /**
   * ARGV: expected version behind "=", or "" for absent; deadline; "1" if it shortens; frame.
   * Answers 1 for done, 0 for gone, or the version that stands there behind "=".
   */
  readonly write: RedisScript;
  /** ARGV: deadline; only if below; deadline as in a frame. Answers whether the record lives. */
  readonly touch: RedisScript;
}

// A key past its time is absent to every command of a primary, evicted or not. Redis keeps it until after the given
// ms, hence the deadline minus one. What has no mark is damaged and has the version "".

const WRITE = `
local head = redis.call('GETRANGE', KEYS[1], 0, 263)
local stored = 0
if head == '' then
  if ARGV[1] ~= '' then return 0 end
else
  local version = ''
  if #head >= 9 and head:sub(1, 2) == 'S1' and #head >= 9 + head:byte(9) then
    version = head:sub(10, 9 + head:byte(9))
    stored = struct.unpack('>I6', head:sub(3, 8))
  end
  version = '=' .. version
  if ARGV[1] ~= version then return version end
end
local deadline = tonumber(ARGV[2])
local later = ARGV[3] ~= '1' and stored > deadline
if later then deadline = stored end
redis.call('SET', KEYS[1], ARGV[4], 'PXAT', string.format('%.0f', math.max(1, deadline - 1)))
if later then redis.call('SETRANGE', KEYS[1], 2, head:sub(3, 8)) end
return 1
`;

const TOUCH = `
local head = redis.call('GETRANGE', KEYS[1], 0, 7)
if head == '' then return 0 end
if #head == 8 and head:sub(1, 2) == 'S1' then
  local stored = struct.unpack('>I6', head:sub(3, 8))
  local deadline = tonumber(ARGV[1])
  if stored < tonumber(ARGV[2]) and stored < deadline then
    redis.call('SETRANGE', KEYS[1], 2, ARGV[3])
    redis.call('PEXPIREAT', KEYS[1], string.format('%.0f', deadline - 1))
  end
end
return 1
`;

export function redisScripts(): RedisScripts {
  return { write: script(WRITE), touch: script(TOUCH) };
}

function script(lua: string): RedisScript {
  return { lua, sha: createHash("sha1").update(lua).digest("hex") };
}
