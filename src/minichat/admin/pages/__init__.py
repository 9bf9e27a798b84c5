"""The pages of the administration, one module for each area, in the order of the navigation."""

from minichat.admin.page import AdministratorPage
from minichat.admin.pages.audit import AuditPage
from minichat.admin.pages.figures import FiguresPage
from minichat.admin.pages.messages import MessagesPage
from minichat.admin.pages.people import PeoplePage
from minichat.admin.pages.reports import ReportsPage
from minichat.admin.pages.rooms import RoomsPage
from minichat.admin.pages.second_factor import SecondFactorPage

PAGES: tuple[type[AdministratorPage], ...] = (
    PeoplePage,
    RoomsPage,
    MessagesPage,
    ReportsPage,
    AuditPage,
    FiguresPage,
    SecondFactorPage,
)
