// Calls every operation with the generated client, and prints which ones it has called. The compiler checks each answer.
import createClient, {type Middleware} from "openapi-fetch";
import type {components, paths} from "./minichat";

declare const process: {argv: string[]};

type Schemas = components["schemas"];
type Problem = Schemas["Problem"];

const [, , baseUrl = "", password = ""] = process.argv;
const PICTURE = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAIAAACQd1PeAAAADElEQVR4nGP4z8AAAAMBAQDJ/pLvAAAAAElFTkSuQmCC";

const called = new Set<string>();
const recording: Middleware = {
  onRequest({request, schemaPath}) {
    called.add(`${request.method} ${schemaPath}`);
    return undefined;
  },
};

function chat(access?: string) {
  const client = createClient<paths>({baseUrl, headers: access ? {Authorization: `Bearer ${access}`} : {}});
  client.use(recording);
  return client;
}

function ok<Data>(answer: {data: Data; error?: never} | {data?: never; error: Problem}): Data {
  if (answer.error) throw new Error(`${answer.error.code}: ${JSON.stringify(answer.error.errors)}`);
  return answer.data;
}

function codeOf(answer: {error?: Problem}): string | undefined {
  return answer.error?.code;
}

function same<Value>(found: Value, expected: Value): void {
  if (found !== expected) throw new Error(`${String(found)} is not ${String(expected)}`);
}

async function register(username: string) {
  const body = {username, password, email: `${username}@example.com`};
  return ok(await anyone.POST("/api/auth/register/", {body}));
}

const anyone = chat();
const ann = await register("ann");
const bob = await register("bob");
const [asAnn, asBob] = [chat(ann.tokens.access), chat(bob.tokens.access)];
const aboutBob = {params: {path: {user_id: bob.user.id}}};

// The server
same(ok(await anyone.GET("/api/info/")).limits.content, 4000);
same(ok(await anyone.GET("/healthz")).status, "ok");
same(ok(await anyone.GET("/readyz")).redis, undefined);
same(ok(await anyone.GET("/metrics", {parseAs: "text"})).includes("minichat_"), true);

// Accounts and sessions
const other = ok(await anyone.POST("/api/auth/login/", {body: {username: "ann", password}}));
const tokens = ok(await anyone.POST("/api/auth/token/refresh/", {body: {refresh: other.tokens.refresh}}));
ok(await chat(tokens.access).POST("/api/auth/logout/", {body: {refresh: tokens.refresh}}));
ok(await anyone.POST("/api/auth/login/", {body: {username: "ann", password}}));
const sessions = ok(await asAnn.GET("/api/auth/sessions/", {params: {query: {limit: 2}}}));
same(sessions.length, 2);
for (const session of sessions.filter(({current}) => !current)) {
  ok(await asAnn.DELETE("/api/auth/sessions/{session_id}/", {params: {path: {session_id: session.id}}}));
}
ok(await asAnn.DELETE("/api/auth/sessions/"));
const passwords = {old_password: password, new_password: `${password} again`};
const changed = ok(await asBob.POST("/api/auth/change-password/", {body: passwords}));
const bobNow = chat(changed.tokens.access);

// Recovery: this server sends no mail, so nobody has a valid link
ok(await anyone.POST("/api/auth/password-reset/", {body: {username: "bob"}}));
ok(await asAnn.POST("/api/auth/email/resend/"));
const link = {token: "a".repeat(32)};
const reset = {body: {...link, new_password: password}};
same(codeOf(await anyone.POST("/api/auth/password-reset/confirm/", reset)), "token_invalid");
same(codeOf(await anyone.POST("/api/auth/email/verify/", {body: link})), "token_invalid");

// Profiles and people
same(ok(await asAnn.GET("/api/auth/me/")).email_verified, false);
same(ok(await asAnn.GET("/api/auth/profile/")).profile.is_online, true);
ok(await asAnn.PUT("/api/auth/profile/", {body: {first_name: "Ann", last_name: null}}));
same(ok(await asAnn.PATCH("/api/auth/profile/", {body: {last_name: "Lee"}})).full_name, "Ann Lee");
const form = new FormData();
form.append("file", new Blob([Uint8Array.from(atob(PICTURE), (letter) => letter.charCodeAt(0))]), "me.png");
const shown = await asAnn.PUT("/api/auth/profile/avatar/", {body: {file: ""}, bodySerializer: () => form});
const picture_id = ok(shown).avatar.replace(/^.*\/|\.webp$/g, "");
const picture = await anyone.GET("/avatars/{picture_id}.webp", {params: {path: {picture_id}}, parseAs: "blob"});
same(picture.data?.type, "image/webp");
const own = {user_id: ann.user.id, letter: "A"};
same((await anyone.GET("/avatars/{user_id}-{letter}.svg", {params: {path: own}, parseAs: "text"})).data?.[0], "<");
ok(await asAnn.DELETE("/api/auth/profile/avatar/"));
same(ok(await asAnn.GET("/api/auth/search/", {params: {query: {q: "bo"}}})).users[0]?.username, "bob");
same(ok(await asAnn.GET("/api/auth/users/", {params: {query: {limit: 2}}})).length, 2);
same(ok(await asAnn.GET("/api/auth/users/{user_id}/", aboutBob)).username, "bob");
same(ok(await asAnn.GET("/api/chat/online-users/"))[0]?.user.username, "ann");

// Rooms
const {cursor} = ok(await asAnn.GET("/api/chat/sync/"));
const created = ok(await asAnn.POST("/api/chat/rooms/", {body: {name: "Kitchen", cooldown: 0, write: "all"}}));
const path = {room_id: created.id};
const here = {params: {path}};
ok(await asAnn.PUT("/api/chat/rooms/{room_id}/", {...here, body: {name: "Big kitchen", history: "all"}}));
ok(await asAnn.PATCH("/api/chat/rooms/{room_id}/", {...here, body: {description: "Who cooks?"}}));
same(ok(await asAnn.GET("/api/chat/rooms/{room_id}/", here)).name, "Big kitchen");
same(ok(await asAnn.GET("/api/chat/rooms/", {params: {query: {scope: "mine", q: "kit"}}}))[0]?.role, "owner");
same(ok(await bobNow.POST("/api/chat/rooms/{room_id}/join/", here)).room.role, "member");
const joined = {...here, body: {user_id: bob.user.id}};
same(ok(await asAnn.POST("/api/chat/rooms/{room_id}/participants/", joined)).role, "member");
const members = ok(await asAnn.GET("/api/chat/rooms/{room_id}/participants/", here)).participants;
same(members[1]?.last_read_seq, 0);
const bobHere = {params: {path: {...path, user_id: bob.user.id}}};
const promoted = {...bobHere, body: {role: "moderator" as const}};
same(ok(await asAnn.PATCH("/api/chat/rooms/{room_id}/participants/{user_id}/", promoted)).role, "moderator");
ok(await bobNow.POST("/api/chat/rooms/{room_id}/typing/", here));

// Messages
const content = "Soup today, @bob?";
const sending = {params: {header: {"Idempotency-Key": "b7d1"}}, body: {room: created.id, content}};
const sent = ok(await asAnn.POST("/api/chat/messages/", sending));
const of = {params: {path: {message_id: sent.id}}};
same(ok(await asAnn.GET("/api/chat/messages/", {params: {query: {room: created.id}}}))[0]?.mentions[0]?.username, "bob");
same(ok(await asAnn.GET("/api/chat/messages/{message_id}/", of)).client_id, "b7d1");
same(ok(await bobNow.GET("/api/chat/unread/")).rooms[0]?.unread_mentions, 1);
same(ok(await bobNow.GET("/api/chat/mentions/"))[0]?.id, sent.id);
same(ok(await bobNow.GET("/api/chat/search/", {params: {query: {q: "soup"}}}))[0]?.id, sent.id);
same(ok(await bobNow.POST("/api/chat/rooms/{room_id}/read/", {...here, body: {seq: 1}})).unread_count, 0);
same(ok(await bobNow.GET("/api/chat/rooms/{room_id}/history/", here)).messages[0]?.is_read, true);
const muted = {...here, body: {notify: "mentions" as const, muted_until: null}};
same(ok(await bobNow.PATCH("/api/chat/rooms/{room_id}/notify/", muted)).notify, "mentions");
const edit = {...of, body: {content: "Soup or salad?"}};
same(ok(await asAnn.PATCH("/api/chat/messages/{message_id}/", edit)).content, "Soup or salad?");
const soup = {params: {path: {message_id: sent.id, emoji: "🍲"}}};
same(ok(await bobNow.PUT("/api/chat/messages/{message_id}/reactions/{emoji}/", soup)).reactions[0]?.mine, true);
same(ok(await asAnn.GET("/api/chat/messages/{message_id}/reactions/", of))[0]?.user.username, "bob");
ok(await bobNow.DELETE("/api/chat/messages/{message_id}/reactions/{emoji}/", soup));
same(ok(await asAnn.PUT("/api/chat/messages/{message_id}/pin/", of)).is_pinned, true);
same(ok(await asAnn.GET("/api/chat/rooms/{room_id}/pins/", here)).length, 1);
ok(await asAnn.DELETE("/api/chat/messages/{message_id}/pin/", of));
ok(await bobNow.POST("/api/chat/messages/{message_id}/report/", {...of, body: {reason: "other"}}));

// Invitations and blocks
const invite = ok(await asAnn.POST("/api/chat/rooms/{room_id}/invites/", {...here, body: {uses: 2}}));
const {token} = invite;
same(ok(await anyone.POST("/api/chat/invites/preview/", {body: {token}})).room.name, "Big kitchen");
ok(await bobNow.POST("/api/chat/invites/accept/", {body: {token}}));
same(ok(await asAnn.GET("/api/chat/rooms/{room_id}/invites/", here))[0]?.uses, 2);
const revoked = {params: {path: {...path, invite_id: invite.id}}};
ok(await asAnn.DELETE("/api/chat/rooms/{room_id}/invites/{invite_id}/", revoked));
ok(await asAnn.POST("/api/chat/users/{user_id}/block/", aboutBob));
same(ok(await asAnn.GET("/api/chat/blocks/"))[0]?.username, "bob");
ok(await asAnn.DELETE("/api/chat/users/{user_id}/block/", aboutBob));

// Live updates
const {events} = ok(await asAnn.GET("/api/chat/sync/", {params: {query: {after: cursor, timeout: 0}}}));
same(events[0]?.type, "room.created");
const texts = events.flatMap((event) => (event.type === "message.created" ? [event.data.content] : []));
same(texts[0], "Soup or salad?");
const {ticket} = ok(await asAnn.POST("/api/chat/events/ticket/"));
const opening = {params: {query: {after: cursor, ticket}}, parseAs: "stream" as const};
const reader = (ok(await anyone.GET("/api/chat/events/", opening)) as ReadableStream<BufferSource>)
  .pipeThrough(new TextDecoderStream())
  .getReader();
let received = "";
while (!received.includes("\n\n")) received += (await reader.read()).value;
await reader.cancel();
const event = JSON.parse(received.match(/^data: (.*)$/m)?.[1] ?? "") as Schemas["Event"];
same(event.type === "room.created" && event.data.id, created.id);
// A request of `fetch` can't become a WebSocket, so these two are refused.
same(codeOf(await asAnn.GET("/ws/chat/", {})), "upgrade_required");
same(codeOf(await asAnn.GET("/ws/chat/{room_id}/", here)), "upgrade_required");

// The end
const removed = {params: {...bobHere.params, query: {ban: true}}};
ok(await asAnn.DELETE("/api/chat/rooms/{room_id}/participants/{user_id}/", removed));
same(ok(await asAnn.GET("/api/chat/rooms/{room_id}/bans/", here))[0]?.banned_by, ann.user.id);
ok(await asAnn.DELETE("/api/chat/rooms/{room_id}/bans/{user_id}/", bobHere));
ok(await bobNow.POST("/api/chat/rooms/{room_id}/join/", here));
ok(await bobNow.POST("/api/chat/rooms/{room_id}/leave/", here));
ok(await asAnn.DELETE("/api/chat/messages/{message_id}/", of));
ok(await asAnn.POST("/api/chat/create-direct-chat/", {body: {user_id: bob.user.id}}));
ok(await asAnn.DELETE("/api/chat/rooms/{room_id}/", here));
same(ok(await asAnn.GET("/api/auth/me/export/")).audit.at(-1)?.detail.room, undefined);
ok(await asAnn.DELETE("/api/auth/me/", {body: {password}}));
console.log(JSON.stringify([...called]));
