"""The tables as Peewee models, from which stores build queries. `migrations/` creates them; a test compares the two.

Times are integers: milliseconds since the Unix epoch, UTC. The rows of a removed room stay until they are pruned, so
every query for rooms, memberships, bans, invitations or messages joins `RoomRow` and requires `RoomRow.deleted_at` to
be null. This module holds no query and no rule.
"""

from peewee import BigIntegerField, BooleanField, CompositeKey, IntegerField, Model, TextField


class UserRow(Model):
    id = BigIntegerField(primary_key=True)
    username = TextField()
    username_key = TextField()
    password_hash = TextField()
    first_name = TextField()
    last_name = TextField()
    email = TextField()
    avatar_url = TextField()
    is_active = BooleanField()
    is_superuser = BooleanField()
    joined_at = BigIntegerField()
    last_seen_at = BigIntegerField(null=True)
    deleted_at = BigIntegerField(null=True)
    search_names = TextField(default="")
    is_indexed = BooleanField(default=False)
    email_verified_at = BigIntegerField(null=True)
    verified_email = TextField(null=True)

    class Meta:
        table_name = "user"


class NamePartRow(Model):
    """Every ending of every searchable name: see `stores.name_index`."""

    is_start = BooleanField()
    part = TextField()
    user_id = BigIntegerField()

    class Meta:
        table_name = "user_name_part"
        primary_key = CompositeKey("is_start", "part", "user_id")


class SessionRow(Model):
    id = BigIntegerField(primary_key=True)
    user_id = BigIntegerField()
    created_at = BigIntegerField()
    last_used_at = BigIntegerField()
    expires_at = BigIntegerField()
    user_agent = TextField()
    ip = TextField()
    network = TextField()
    ended_at = BigIntegerField(null=True)

    class Meta:
        table_name = "session"


class AdministrationSessionRow(Model):
    session_id = BigIntegerField(primary_key=True)
    is_proved = BooleanField()

    class Meta:
        table_name = "administration_session"


class SecondFactorRow(Model):
    user_id = BigIntegerField(primary_key=True)
    secret = TextField()
    created_at = BigIntegerField()
    session_id = BigIntegerField()
    confirmed_at = BigIntegerField(null=True)

    class Meta:
        table_name = "second_factor"


class UsedStepRow(Model):
    """Time steps whose codes were used: see `domain.second_factor_codes`."""

    user_id = BigIntegerField()
    step = BigIntegerField()

    class Meta:
        table_name = "used_step"
        primary_key = CompositeKey("user_id", "step")


class RecoveryCodeRow(Model):
    user_id = BigIntegerField()
    hash = TextField()

    class Meta:
        table_name = "recovery_code"
        primary_key = CompositeKey("user_id", "hash")


class RefreshTokenRow(Model):
    jti_hash = TextField(primary_key=True)
    session_id = BigIntegerField()
    issued_at = BigIntegerField()
    expires_at = BigIntegerField()
    used_at = BigIntegerField(null=True)

    class Meta:
        table_name = "refresh_token"


class RoomRow(Model):
    id = BigIntegerField(primary_key=True)
    name = TextField()
    description = TextField()
    kind = TextField()
    is_private = BooleanField()
    created_at = BigIntegerField()
    active_at = BigIntegerField()
    activity = BigIntegerField()
    last_seq = BigIntegerField()
    deleted_seq = BigIntegerField()
    all_mentioned_seq = BigIntegerField(default=0)
    participants_count = IntegerField()
    pair_low = BigIntegerField(null=True)
    pair_high = BigIntegerField(null=True)
    deleted_at = BigIntegerField(null=True)
    search_name = TextField(default="")
    is_indexed = BooleanField(default=False)
    write = TextField(default="all")
    cooldown = IntegerField(default=0)
    history = TextField(default="all")

    class Meta:
        table_name = "room"


class RoomNamePartRow(Model):
    """Every ending of the folded name of every public room: see `stores.room_names`."""

    part = TextField()
    room_id = BigIntegerField()

    class Meta:
        table_name = "room_name_part"
        primary_key = CompositeKey("part", "room_id")


class ParticipantRow(Model):
    id = BigIntegerField(primary_key=True)
    room_id = BigIntegerField()
    user_id = BigIntegerField()
    role = TextField()
    joined_seq = BigIntegerField()
    seen_seq = BigIntegerField()
    mentioned_seq = BigIntegerField(default=0)
    notify = TextField(default="all")
    muted_at = BigIntegerField(null=True)
    muted_until = BigIntegerField(null=True)

    class Meta:
        table_name = "participant"


class BanRow(Model):
    id = BigIntegerField(primary_key=True)
    room_id = BigIntegerField()
    user_id = BigIntegerField()
    banned_by = BigIntegerField(null=True)
    banned_at = BigIntegerField()

    class Meta:
        table_name = "ban"


class InvitationRow(Model):
    id = BigIntegerField(primary_key=True)
    token_hash = TextField()
    room_id = BigIntegerField()
    created_by = BigIntegerField()
    created_at = BigIntegerField()
    expires_at = BigIntegerField()
    uses = IntegerField(null=True)
    used = IntegerField()

    class Meta:
        table_name = "invitation"


class BlockRow(Model):
    blocker_id = BigIntegerField()
    number = BigIntegerField()
    blocked_id = BigIntegerField()
    blocked_at = BigIntegerField()

    class Meta:
        table_name = "block"
        primary_key = CompositeKey("blocker_id", "number")


class RoomOpeningRow(Model):
    session_id = BigIntegerField()
    room_id = BigIntegerField()
    opened_at = BigIntegerField()

    class Meta:
        table_name = "room_opening"
        primary_key = CompositeKey("session_id", "room_id")


class ReportRow(Model):
    id = BigIntegerField(primary_key=True)
    message_id = BigIntegerField()
    room_id = BigIntegerField()
    author_id = BigIntegerField()
    reporter_id = BigIntegerField(null=True)
    reason = TextField()
    comment = TextField()
    content = TextField()
    created_at = BigIntegerField()
    state = TextField()
    decided_by = BigIntegerField(null=True)
    decided_at = BigIntegerField(null=True)

    class Meta:
        table_name = "report"


class MessageRow(Model):
    id = BigIntegerField(primary_key=True)
    room_id = BigIntegerField()
    seq = BigIntegerField()
    user_id = BigIntegerField()
    content = TextField()
    created_at = BigIntegerField()
    edited_at = BigIntegerField(null=True)
    is_deleted = BooleanField()
    reply_to = BigIntegerField(null=True)
    client_id = TextField(null=True)
    first_digest = TextField(null=True)
    has_reactions = BooleanField(default=False)
    pin = BigIntegerField(null=True)
    pinned_by = BigIntegerField(null=True)
    has_mentions = BooleanField(default=False)
    mentions_all = BooleanField(default=False)

    class Meta:
        table_name = "message"


class ReactionRow(Model):
    id = BigIntegerField(primary_key=True)
    message_id = BigIntegerField()
    emoji = TextField()
    user_id = BigIntegerField()
    created_at = BigIntegerField()

    class Meta:
        table_name = "reaction"


class MentionRow(Model):
    message_id = BigIntegerField()
    user_id = BigIntegerField()
    room_id = BigIntegerField()
    is_by_id = BooleanField()

    class Meta:
        table_name = "mention"
        primary_key = CompositeKey("message_id", "user_id")


class ChangeRow(Model):
    id = BigIntegerField(primary_key=True)
    kind = TextField()
    room_id = BigIntegerField()
    at = BigIntegerField()
    user_id = BigIntegerField(null=True)
    message_id = BigIntegerField(null=True)
    seq = BigIntegerField(null=True)
    role = TextField(null=True)
    other_id = BigIntegerField(null=True)
    emoji = TextField(null=True)
    is_added = BooleanField(default=False)

    class Meta:
        table_name = "change"


class LinkRow(Model):
    user_id = BigIntegerField()
    purpose = TextField()
    seed = TextField()
    token_hash = TextField()
    email_key = TextField()
    created_at = BigIntegerField()
    expires_at = BigIntegerField()
    made_by = BigIntegerField(null=True)

    class Meta:
        table_name = "account_link"
        primary_key = CompositeKey("user_id", "purpose")


class MailRow(Model):
    id = BigIntegerField(primary_key=True)
    kind = TextField()
    user_id = BigIntegerField(null=True)
    address = TextField()
    email_key = TextField()
    language = TextField()
    seed = TextField()
    created_at = BigIntegerField()
    due_at = BigIntegerField()
    attempts = IntegerField(default=0)
    outcome = TextField(null=True)
    done_at = BigIntegerField(null=True)

    class Meta:
        table_name = "mail"


class TicketRow(Model):
    hash = TextField(primary_key=True)
    session_id = BigIntegerField()
    access_expires_at = BigIntegerField()
    expires_at = BigIntegerField()

    class Meta:
        table_name = "ticket"


class FreedNameRow(Model):
    username_key = TextField(primary_key=True)
    free_at = BigIntegerField()

    class Meta:
        table_name = "freed_name"


class AttemptRow(Model):
    key = TextField(primary_key=True)
    count = IntegerField()
    since = BigIntegerField()
    last = BigIntegerField()
    forget_at = BigIntegerField()

    class Meta:
        table_name = "attempt"


class FigureRow(Model):
    period = BigIntegerField()
    figure = TextField()
    number = BigIntegerField()

    class Meta:
        table_name = "figure"
        primary_key = CompositeKey("period", "figure")


class ActivityRow(Model):
    user_id = BigIntegerField(primary_key=True)
    hour = BigIntegerField()
    day = BigIntegerField()

    class Meta:
        table_name = "activity"


class AuditRow(Model):
    id = BigIntegerField(primary_key=True)
    at = BigIntegerField()
    event = TextField()
    user_id = BigIntegerField(null=True)
    actor_id = BigIntegerField(null=True)
    session_id = BigIntegerField(null=True)
    ip = TextField()
    user_agent = TextField()
    detail = TextField()

    class Meta:
        table_name = "audit"


ALL = (
    UserRow,
    NamePartRow,
    SessionRow,
    AdministrationSessionRow,
    SecondFactorRow,
    UsedStepRow,
    RecoveryCodeRow,
    RefreshTokenRow,
    RoomRow,
    RoomNamePartRow,
    ParticipantRow,
    BanRow,
    InvitationRow,
    BlockRow,
    RoomOpeningRow,
    ReportRow,
    MessageRow,
    ReactionRow,
    MentionRow,
    ChangeRow,
    TicketRow,
    LinkRow,
    MailRow,
    FreedNameRow,
    AttemptRow,
    FigureRow,
    ActivityRow,
    AuditRow,
)
